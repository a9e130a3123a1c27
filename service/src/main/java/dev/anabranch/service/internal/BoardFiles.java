package dev.anabranch.service.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of the dashboard as a browser gets them: ours, and Apache ECharts out of its artifact.
 * Nothing but what is listed here is served. Immutable; any thread may use it.
 */
final class BoardFiles {
  private static final String FOLDER = "/dev/anabranch/service/board/";
  private static final String ECHARTS =
      "/META-INF/resources/_static/echarts/6.0.0/dist/echarts.min.js";
  private static final List<String> OURS =
      List.of(
          "index.html",
          "icon.svg",
          "board.css",
          "main.js",
          "api.js",
          "runlog.js",
          "figures.js",
          "dom.js",
          "charts.js",
          "pages/parts.js",
          "pages/login.js",
          "pages/runs.js",
          "pages/run.js",
          "pages/report.js",
          "pages/devices.js",
          "pages/device.js",
          "pages/compare.js");
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  /** What a browser may do with these pages: no script runs that is not one of the files. */
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src"
          + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Map<String, File> files;

  /**
   * One file.
   *
   * @param type for the header Content-Type
   * @param tag for the header ETag, with its quotes
   */
  record File(byte[] bytes, String type, String tag) {}

  /** Reads all of them. */
  BoardFiles() {
    files =
        Stream.concat(OURS.stream(), Stream.of("echarts.min.js"))
            .collect(Collectors.toUnmodifiableMap(Function.identity(), BoardFiles::read));
  }

  /**
   * The file of a request; empty if there is none.
   *
   * @param path of the request, from its first slash on
   */
  Optional<File> at(String path) {
    String name = path.equals("/") ? "index.html" : path.substring(Math.min(1, path.length()));
    return Optional.ofNullable(files.get(name));
  }

  /** Paths of all files, in order. */
  List<String> paths() {
    return files.keySet().stream().sorted().map(name -> "/" + name).toList();
  }

  private static File read(String name) {
    String resource = name.equals("echarts.min.js") ? ECHARTS : FOLDER + name;
    try (@Nullable InputStream in = BoardFiles.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("resource: " + resource + " (expected: on the class path)");
      }
      byte[] bytes = in.readAllBytes();
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
      if (type == null) {
        throw new IllegalStateException("type of " + name + " (expected: one of " + TYPES + ")");
      }
      return new File(bytes, type, "\"" + HexFormat.of().formatHex(digest, 0, 16) + "\"");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
