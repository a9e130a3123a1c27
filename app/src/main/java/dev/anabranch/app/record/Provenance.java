package dev.anabranch.app.record;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where a result comes from: versions, seed, digests, machine. */
public final class Provenance {
  private Provenance() {}

  /**
   * The content of {@code provenance.json}.
   *
   * @param modelSha256 of the model file
   * @param dataSha256 of what the examples came from
   * @param weightsSha256 of names, shapes and values that were trained
   * @param resultSha256 of the file that holds them
   */
  public static Map<String, Object> of(
      long seed,
      String modelName,
      String modelSha256,
      String dataName,
      String dataSha256,
      String weightsSha256,
      String resultSha256) {
    var out = new LinkedHashMap<String, Object>();
    out.put("versions", versions());
    out.put("seed", seed);
    out.put("model", Map.of("name", modelName, "sha256", modelSha256));
    out.put("data", Map.of("name", dataName, "sha256", dataSha256));
    var result = new LinkedHashMap<String, Object>();
    result.put("weightsSha256", weightsSha256);
    result.put("fileSha256", resultSha256);
    out.put("result", result);
    out.put("machine", machine());
    return out;
  }

  /** Version of this program, {@code development} where it was not packaged. */
  public static String version() {
    var version = Provenance.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static Map<String, Object> versions() {
    var out = new LinkedHashMap<String, Object>();
    out.put("anabranch", version());
    out.put("java", Runtime.version().toString());
    out.put("vm", System.getProperty("java.vm.name"));
    return out;
  }

  private static Map<String, Object> machine() {
    var out = new LinkedHashMap<String, Object>();
    out.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    out.put("arch", System.getProperty("os.arch"));
    out.put("cores", Runtime.getRuntime().availableProcessors());
    return out;
  }
}
