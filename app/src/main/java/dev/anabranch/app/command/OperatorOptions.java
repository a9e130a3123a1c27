package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.OperatorApi;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an operator reaches the coordinator. */
final class OperatorOptions {
  @Option(
      names = "--as",
      paramLabel = "FILE",
      description =
          "The operator's file, as 'coordinator init' and 'token' write it (default: what"
              + " ANABRANCH_OPERATOR names).")
  private @Nullable Path file;

  Path file() {
    var named = file != null ? file : fromEnvironment();
    if (named == null) {
      throw AnabranchException.expected(
          Failure.USAGE,
          "--as",
          "absent",
          "the operator's file, also as ANABRANCH_OPERATOR; 'anabranch coordinator init' has"
              + " written one");
    }
    return named;
  }

  private static @Nullable Path fromEnvironment() {
    var text = System.getenv("ANABRANCH_OPERATOR");
    return text == null || text.isEmpty() ? null : Path.of(text);
  }

  /** Whether the operator was named in the command itself. */
  boolean given() {
    return file != null;
  }

  /** Whether an operator is named at all. */
  boolean known() {
    return given() || fromEnvironment() != null;
  }

  OperatorApi api() {
    return OperatorApi.open(file(), InstantSource.system());
  }

  /** An answer of the coordinator as a map. */
  static Map<String, Object> map(String text) {
    return Json.object(Path.of("answer"), text);
  }

  /** The objects of a list in an answer. */
  static List<Map<?, ?>> list(Map<String, Object> answer, String name) {
    return answer.get(name) instanceof List<?> list
        ? list.stream()
            .<Map<?, ?>>map(one -> one instanceof Map<?, ?> map ? map : Map.of())
            .toList()
        : List.of();
  }

  /** A point in time, to the second. */
  static String time(Map<?, ?> map, String name) {
    return cell(map, name).replaceFirst("\\.\\d+Z$", "Z");
  }

  /** A field as a cell of a table. */
  static String cell(Map<?, ?> map, String name) {
    var value = map.get(name);
    return value == null ? "-" : value.toString();
  }
}
