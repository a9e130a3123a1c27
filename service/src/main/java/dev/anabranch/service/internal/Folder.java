package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.service.OperatorRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;

/** The folder in which a coordinator keeps its keys, settings, database and runs. */
public record Folder(Path path) {
  private static final int LIMIT = 1 << 16;

  public Folder {
    path = path.toAbsolutePath().normalize();
  }

  Path settingsFile() {
    return path.resolve("coordinator.json");
  }

  /** Where the first admin's connection is described. */
  public Path operatorFile() {
    return path.resolve("operator.json");
  }

  Path runs() {
    return path.resolve("runs");
  }

  Path scratch() {
    return path.resolve("scratch");
  }

  /** Beside the folder, so that it is not restored with it. */
  Path witness() {
    return path.resolveSibling(path.getFileName() + ".witness");
  }

  String database(CoordinatorSettings settings) {
    return settings.database().isEmpty()
        ? Store.sqlite(path.resolve("store.db"))
        : settings.database();
  }

  /** Makes everything that a coordinator needs before it starts for the first time. */
  public void init(CoordinatorSettings settings, InstantSource clock) {
    requireEmpty();
    SafeFiles.privateFolder(path);
    var authority = Authority.create(path, clock);
    var token = Tokens.operator(Tokens.secret());
    try (var store = Store.open(database(settings), witness(), clock, false)) {
      store.audited(tables -> {
        tables.operators().put("admin", Tokens.hash(token), OperatorRole.ADMIN, clock.millis());
        return tables
            .audit()
            .append(
                clock.millis(),
                "coordinator",
                "init",
                path.toString(),
                "authority " + HexFormat.of().formatHex(authority.fingerprint()));
      });
    }
    SafeFiles.privateFolder(runs());
    SafeFiles.privateFolder(scratch());
    writeOperator(settings, authority, token);
    write(settings); // last: with it the folder is whole
  }

  private void requireEmpty() {
    if (Files.exists(settingsFile())) {
      throw AnabranchException.expected(
          Failure.IN_USE,
          path.toString(),
          "a coordinator's folder already",
          "a new or empty folder; start the one that is there with 'anabranch coordinator --data "
              + path
              + "'");
    }
    if (Files.exists(witness())) {
      throw AnabranchException.expected(
          Failure.IN_USE,
          witness().toString(),
          "there already",
          "no witness of an earlier coordinator; choose another folder, or move it away");
    }
    try (var entries = Files.exists(path) ? Files.list(path) : java.util.stream.Stream.<Path>of()) {
      if (entries.findAny().isPresent()) {
        throw AnabranchException.expected(
            Failure.IN_USE, path.toString(), "not empty", "a new or empty folder");
      }
    } catch (IOException e) {
      throw SafeFiles.failed(path, e);
    }
  }

  private void writeOperator(CoordinatorSettings settings, Authority authority, String token) {
    var out = new LinkedHashMap<String, Object>();
    out.put("coordinator", "https://" + authority(settings, settings.port()));
    out.put("authority", HexFormat.of().formatHex(authority.fingerprint()));
    out.put("token", token);
    SafeFiles.writePrivate(operatorFile(), Json.text(out) + "\n");
  }

  /** Host and port as they stand in a URL. */
  static String authority(CoordinatorSettings settings, int port) {
    var host = settings.hosts().getFirst();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  private void write(CoordinatorSettings settings) {
    var out = new LinkedHashMap<String, Object>();
    out.put("hosts", settings.hosts());
    out.put("bind", settings.bind());
    out.put("port", settings.port());
    out.put("database", settings.database());
    out.put("agentLifetimeSeconds", settings.agentLifetime().toSeconds());
    out.put("runsAtOnce", settings.runsAtOnce());
    SafeFiles.writePrivate(settingsFile(), Json.text(out) + "\n");
  }

  /** What {@link #init} has written, and what an operator has made of it since. */
  public CoordinatorSettings settings() {
    if (!Files.exists(settingsFile())) {
      throw AnabranchException.expected(
          Failure.USAGE,
          path.toString(),
          "no coordinator.json in it",
          "a coordinator's folder; make one with 'anabranch coordinator init --data " + path + "'");
    }
    JsonNode read = Json.read(settingsFile().toString(), SafeFiles.read(settingsFile(), LIMIT));
    var hosts = new ArrayList<String>();
    read.path("hosts").forEach(host -> hosts.add(host.asText()));
    return new CoordinatorSettings(
        hosts,
        read.path("bind").asText("0.0.0.0"),
        read.path("port").asInt(CoordinatorSettings.PORT),
        read.path("database").asText(""),
        Duration.ofSeconds(read.path("agentLifetimeSeconds").asLong(90 * 86_400)),
        read.path("runsAtOnce").asInt(1));
  }
}
