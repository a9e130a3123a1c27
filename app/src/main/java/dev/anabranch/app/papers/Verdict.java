package dev.anabranch.app.papers;

/** What came of a claim. */
public enum Verdict {
  PASS("pass"),
  PARTLY("partly"),
  NOT_REPRODUCED("not reproduced"),
  /** Nothing was run that could tell. */
  NOT_JUDGED("not judged");

  private final String words;

  Verdict(String words) {
    this.words = words;
  }

  /** As a reader sees it. */
  public String words() {
    return words;
  }
}
