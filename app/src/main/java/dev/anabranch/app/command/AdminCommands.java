package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.OperatorApi;
import dev.anabranch.service.OperatorRole;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code devices}, {@code enrol}, {@code revoke}, {@code token} and {@code audit}. */
final class AdminCommands {
  private AdminCommands() {}

  /** {@code devices}. */
  @Command(name = "devices", description = "List devices and hosts of bodies.")
  static final class Devices implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    Devices(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = api.get("/api/v1/devices");
        if (output.json) {
          work.console().out().println(answer);
          return 0;
        }
        var table =
            new Table("name", "role", "state", "runs", "last seen", "bytes sent", "valid until");
        for (var one : OperatorOptions.list(OperatorOptions.map(answer), "devices")) {
          table.row(
              OperatorOptions.cell(one, "name"),
              OperatorOptions.cell(one, "role"),
              OperatorOptions.cell(one, "state"),
              one.get("runs") instanceof List<?> runs && !runs.isEmpty()
                  ? String.join(" ", runs.stream().map(String::valueOf).toList())
                  : "-",
              OperatorOptions.time(one, "lastSeenAt"),
              one.get("sent") instanceof Map<?, ?> sent ? OperatorOptions.cell(sent, "bytes") : "-",
              OperatorOptions.time(one, "expiresAt"));
        }
        work.console().out().print(table);
        return 0;
      }
    }
  }

  /** {@code enrol NAME}. */
  @Command(name = "enrol", description = "Print a token with which a device can enrol, once.")
  static final class Enrol implements Callable<Integer> {
    private static final Pattern TIME = Pattern.compile("([1-9]\\d{0,8})([smhd])");
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "NAME", description = "What the device will be called.")
    private String name = "";

    @Option(names = "--role", paramLabel = "ROLE", description = "DEVICE (default) or BODY.")
    private AgentRole role = AgentRole.DEVICE;

    @Option(
        names = "--expires",
        paramLabel = "TIME",
        defaultValue = "1h",
        description = "For how long the token is good, as 30m, 12h or 7d (default: 1h).")
    private String expires = "1h";

    Enrol(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var body = new LinkedHashMap<String, Object>();
      body.put("name", name);
      body.put("role", role.word());
      body.put("expiresInSeconds", seconds());
      try (var api = operator.api()) {
        var answer = api.post("/api/v1/enrolments", Json.compact(body));
        work.console()
            .out()
            .println(
                output.json ? answer : OperatorOptions.cell(OperatorOptions.map(answer), "token"));
        return 0;
      }
    }

    private long seconds() {
      var m = TIME.matcher(expires);
      if (!m.matches()) {
        throw AnabranchException.expected(
            Failure.USAGE, "--expires", expires, "a number with s, m, h or d, as 12h");
      }
      long unit =
          switch (m.group(2)) {
            case "s" -> 1;
            case "m" -> 60;
            case "h" -> 3600;
            default -> 86_400;
          };
      return Long.parseLong(m.group(1)) * unit;
    }
  }

  /** {@code revoke NAME}. */
  @Command(
      name = "revoke",
      description = "Shut a device out, at once and until it is enrolled anew.")
  static final class Revoke implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "NAME", description = "The device.")
    private String name = "";

    Revoke(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = api.post("/api/v1/devices/" + OperatorApi.part(name) + "/revoke", "{}");
        work.console().out().println(output.json ? answer : name + ": revoked");
        return 0;
      }
    }
  }

  /** {@code token NAME}. */
  @Command(
      name = "token",
      description = "Give an operator a token, in place of an earlier one; it is shown once.")
  static final class Token implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "NAME", description = "The operator.")
    private String name = "";

    @Option(
        names = "--role",
        required = true,
        paramLabel = "ROLE",
        description = "VIEWER looks, OPERATOR runs plans as well, ADMIN lets devices in and out.")
    private OperatorRole role = OperatorRole.VIEWER;

    @Option(
        names = "--output",
        paramLabel = "FILE",
        description = "Write the operator's file for --as, for its owner alone.")
    private @Nullable Path file;

    @Option(names = "--remove", description = "Take the operator's token away instead.")
    private boolean remove;

    Token(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var out = work.console().out();
      try (var api = operator.api()) {
        if (remove) {
          api.delete("/api/v1/operators/" + OperatorApi.part(name));
          out.println(output.json ? Json.compact(Map.of("removed", name)) : name + ": removed");
          return 0;
        }
        var body = Json.compact(Map.of("name", name, "role", role.word()));
        var answer = api.post("/api/v1/operators", body);
        var token = OperatorOptions.cell(OperatorOptions.map(answer), "token");
        if (file != null) {
          OperatorApi.write(file, operator.file(), token);
          out.println(
              output.json ? Json.compact(Map.of("file", file.toString())) : file.toString());
        } else {
          out.println(output.json ? answer : token);
        }
        return 0;
      }
    }
  }

  /** {@code audit}. */
  @Command(name = "audit", description = "Print who did what, and whether the log is whole.")
  static final class Audit implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Option(
        names = "--from",
        paramLabel = "N",
        defaultValue = "1",
        description = "Leave out the entries before this one.")
    private long from = 1;

    Audit(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = api.get("/api/v1/audit?limit=1000&from=" + from);
        var out = work.console().out();
        if (output.json) {
          out.println(answer);
          return 0;
        }
        var read = OperatorOptions.map(answer);
        for (var entry : OperatorOptions.list(read, "entries")) {
          out.println(
              OperatorOptions.cell(entry, "sequence")
                  + " "
                  + OperatorOptions.cell(entry, "at")
                  + " "
                  + OperatorOptions.cell(entry, "actor")
                  + ": "
                  + OperatorOptions.cell(entry, "action")
                  + " "
                  + OperatorOptions.cell(entry, "subject")
                  + " "
                  + OperatorOptions.cell(entry, "detail"));
        }
        boolean intact = Boolean.TRUE.equals(read.get("intact"));
        out.println(intact ? "The chain of hashes is whole." : "The log was CHANGED.");
        return intact ? 0 : Failure.CORRUPT.exitCode();
      }
    }
  }
}
