package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Objects;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line, JSON if asked for, and an exit code. */
record Failures(Console console, boolean json) {
  /** The exit code of what nobody expected. */
  static final int UNEXPECTED = 1;

  int report(Throwable e) {
    return switch (e) {
      case AnabranchException known -> say(known.getMessage(), known.failure().exitCode());
      case ParameterException wrong -> say(usage(wrong), Failure.USAGE.exitCode());
      default ->
          say(
              "unexpected: "
                  + e
                  + " (stack trace: "
                  + trace(e)
                  + "); please report it with that file",
              UNEXPECTED);
    };
  }

  private int say(@org.jspecify.annotations.Nullable String message, int exitCode) {
    var text = String.valueOf(message);
    console.err().println("anabranch: " + text);
    if (json) {
      var out = new LinkedHashMap<String, Object>();
      out.put("success", false);
      out.put("error-message", text);
      out.put("exit-code", exitCode);
      console.out().println(Json.compact(out));
    }
    return exitCode;
  }

  private static String usage(ParameterException e) {
    var help =
        "; see 'anabranch "
            + (e.getCommandLine().getParent() == null
                ? ""
                : e.getCommandLine().getCommandName() + " ")
            + "--help'";
    if (e instanceof UnmatchedArgumentException unmatched) {
      var known = unmatched.getSuggestions();
      return unmatched.getUnmatched().getFirst()
          + ": unknown "
          + (unmatched.isUnknownOption() ? "option" : "argument")
          + (known.isEmpty() ? "" : " (expected: " + String.join(" or ", known) + ")")
          + help;
    }
    var wrong = e.getArgSpec();
    if (wrong != null && wrong.type().isEnum() && e.getValue() != null) {
      return wrong.paramLabel()
          + ": "
          + e.getValue()
          + " (expected: one of "
          + String.join(", ", Objects.requireNonNull(wrong.completionCandidates()))
          + ")"
          + help;
    }
    var message = String.valueOf(e.getMessage());
    return message + help;
  }

  private static String trace(Throwable e) {
    try {
      var file = Files.createTempFile("anabranch-", ".txt");
      var text = new StringWriter();
      e.printStackTrace(new PrintWriter(text, true));
      Files.writeString(file, text.toString());
      return file.toString();
    } catch (IOException disk) {
      return "not written, " + disk.getMessage();
    }
  }
}
