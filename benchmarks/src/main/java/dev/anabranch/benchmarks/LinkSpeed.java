package dev.anabranch.benchmarks;

import dev.anabranch.fabrics.grpc.LineSpeed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Messages of 256 MiB between a coordinator and six devices over the loopback. */
final class LinkSpeed implements Benchmark {
  private static final int DEVICES = 6;
  private static final long BYTES = 256L << 20;
  private static final int RUNS = 3;
  private static final String PASSWORD = "password";

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    try (var plain = new LineSpeed(DEVICES, BYTES, null, null)) {
      measure(rows, plain, "not encrypted", 1e9);
    }
    var store = keys();
    try (var tls =
        new LineSpeed(
            DEVICES,
            BYTES,
            (PrivateKey) store.getKey("hub", PASSWORD.toCharArray()),
            (X509Certificate) store.getCertificate("hub"))) {
      measure(rows, tls, "TLS 1.3", 0.4e9);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    Machine.peakResident()
        .ifPresent(
            peak -> rows.add(Row.of("peak of resident memory, both sides", (peak >> 20) + " MiB")));
    return rows;
  }

  private static void measure(List<Row> rows, LineSpeed line, String how, double bound) {
    row(rows, "to 6 devices, " + how, 1, line, LineSpeed::down, bound);
    row(rows, "from 6 devices, " + how, 1, line, LineSpeed::up, bound);
    row(rows, "both ways at once, " + how, 2, line, LineSpeed::both, bound);
  }

  /** The fastest of several, all bytes together. */
  private static void row(
      List<Row> rows,
      String what,
      int ways,
      LineSpeed line,
      ToDoubleFunction<LineSpeed> once,
      double bound) {
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
      best = Math.max(best, (double) BYTES * ways * DEVICES / once.applyAsDouble(line));
    }
    rows.add(
        Row.atLeast(
            what,
            Row.text("%.0f MB/s", best / 1e6),
            best,
            bound,
            Row.text("%.0f MB/s", bound / 1e6)));
  }

  /** A certificate of its own making for 127.0.0.1. */
  private static KeyStore keys() {
    try {
      var folder = Files.createTempDirectory("keys");
      var file = folder.resolve("keys.p12");
      var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
      var process =
          new ProcessBuilder(
                  keytool,
                  "-genkeypair",
                  "-alias",
                  "hub",
                  "-keyalg",
                  "EC",
                  "-dname",
                  "CN=hub",
                  "-ext",
                  "san=ip:127.0.0.1",
                  "-keystore",
                  file.toString(),
                  "-storepass",
                  PASSWORD)
              .inheritIO()
              .start();
      if (process.waitFor() != 0) {
        throw new IllegalStateException("keytool: " + process.exitValue() + " (expected: 0)");
      }
      var store = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
      Files.delete(file);
      Files.delete(folder);
      return store;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
