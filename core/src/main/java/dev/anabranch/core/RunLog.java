package dev.anabranch.core;

import java.util.Map;

/**
 * The run log: one flat event a line, in an order that the seed decides. The only interface of
 * reports and dashboards. Thread-safe.
 */
public interface RunLog {
  /**
   * Appends an event. Kinds: {@code run}, {@code round}, {@code visit}, {@code wire}, {@code
   * compute}, {@code peak}, {@code install}, {@code metric}, {@code lost}, {@code timeline}, {@code
   * checkpoint}, {@code end}.
   *
   * @param fields numbers, texts and lists of these
   */
  void append(String kind, int round, Map<String, ?> fields);
}
