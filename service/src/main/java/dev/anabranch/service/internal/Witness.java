package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * How far the audit log has come, in a file that does not lie with the database. A database that is
 * behind its witness was restored from an old backup.
 */
record Witness(Path file) {
  private static final int LIMIT = 8 << 20;

  /**
   * What it says.
   *
   * @param store id of the database
   * @param hash of the last entry
   * @param revoked devices and hosts whose certificates have not expired
   */
  record State(String store, long sequence, String hash, List<String> revoked) {}

  Optional<State> read() {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode json = Json.read(file.toString(), SafeFiles.read(file, LIMIT));
    var revoked = new ArrayList<String>();
    json.path("revoked").forEach(name -> revoked.add(name.asText()));
    if (!json.path("store").isTextual() || !json.path("hash").isTextual()) {
      throw AnabranchException.expected(
          Failure.CORRUPT,
          file.toString(),
          "no witness",
          "what the coordinator wrote there; delete it only if the database is surely the newest");
    }
    return Optional.of(
        new State(
            json.path("store").asText(),
            json.path("sequence").asLong(),
            json.path("hash").asText(),
            List.copyOf(revoked)));
  }

  void write(State state) {
    var out = new LinkedHashMap<String, Object>();
    out.put("store", state.store());
    out.put("sequence", state.sequence());
    out.put("hash", state.hash());
    out.put("revoked", state.revoked());
    SafeFiles.writePrivate(file, Json.text(out) + "\n");
  }
}
