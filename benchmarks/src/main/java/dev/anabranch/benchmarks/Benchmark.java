package dev.anabranch.benchmarks;

import java.util.List;

/** Something that is measured in a process of its own. */
public interface Benchmark {
  /** Measures; takes a minute at most on a quiet machine. */
  List<Row> run();
}
