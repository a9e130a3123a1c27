package dev.anabranch.app;

/** Entry point of the {@code anabranch} command. */
public final class Anabranch {
  private Anabranch() {}

  /** Prints the version. */
  public static void main(String[] args) {
    String version = Anabranch.class.getPackage().getImplementationVersion();
    System.out.println("anabranch " + (version == null ? "unpackaged" : version));
  }
}
