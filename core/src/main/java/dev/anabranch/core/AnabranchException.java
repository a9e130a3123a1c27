package dev.anabranch.core;

import org.jspecify.annotations.Nullable;

/**
 * Something that a user can act on. The message has the form {@code name: value (expected: …)} and
 * says what to do next where that is not plain; a test pins it.
 */
public class AnabranchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Failure failure;

  public AnabranchException(Failure failure, String message) {
    this(failure, message, null);
  }

  public AnabranchException(Failure failure, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.failure = failure;
  }

  /** {@code name: value (expected: …)}; a text without letters stands as {@code ''}. */
  public static AnabranchException expected(
      Failure failure, String name, @Nullable Object value, String expected) {
    var shown = "".equals(value) ? "''" : value;
    return new AnabranchException(failure, name + ": " + shown + " (expected: " + expected + ")");
  }

  /** The kind of failure, which decides the exit code. */
  public Failure failure() {
    return failure;
  }
}
