package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;

/** Where a device keeps its key and its certificate. */
public record AgentFolder(Path path) {
  private static final int LIMIT = 1 << 16;

  private Path file() {
    return path.resolve("identity.json");
  }

  private Path key() {
    return path.resolve("agent.key");
  }

  /** Whether there is an identity in it. */
  public boolean holds() {
    return Files.isRegularFile(file());
  }

  /** The identity in it. */
  public AgentIdentity read() {
    if (!holds()) {
      throw AnabranchException.expected(
          Failure.USAGE,
          path.toString(),
          "not enrolled",
          "a folder with an identity; ask the coordinator's admin for a token ('anabranch enrol"
              + " NAME') and give it with --token");
    }
    var read = Json.read(file().toString(), SafeFiles.read(file(), LIMIT));
    var name = file().toString();
    return new AgentIdentity(
        read.path("name").asText(),
        AgentRole.valueOf(read.path("role").asText().toUpperCase(Locale.ROOT)),
        read.path("coordinator").asText(),
        Pem.key(key().toString(), SafeFiles.read(key(), LIMIT)),
        Pem.certificate(name, read.path("certificate").asText()),
        Pem.certificate(name, read.path("authority").asText()));
  }

  /** Key first: an identity without its key would be useless. */
  void write(AgentIdentity identity) {
    SafeFiles.privateFolder(path);
    SafeFiles.writePrivate(key(), Pem.of(identity.key()));
    var out = new LinkedHashMap<String, Object>();
    out.put("name", identity.name());
    out.put("role", identity.role().word());
    out.put("coordinator", identity.coordinator());
    out.put("certificate", Pem.of(identity.certificate()));
    out.put("authority", Pem.of(identity.authority()));
    SafeFiles.writePrivate(file(), Json.text(out) + "\n");
  }
}
