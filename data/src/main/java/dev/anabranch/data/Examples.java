package dev.anabranch.data;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** All labelled examples of a source, in its order: what hold-outs and partitioners see of them. */
public sealed interface Examples permits Corpus, Pictures {
  int size();

  /** Class of one example, a position in {@link #classes()}. */
  int label(int position);

  /** Who owns the example, if the source knows. */
  @Nullable String device(int position);

  /** Label names. */
  List<String> classes();

  /** Of what the examples came from, in hexadecimal. */
  String sha256();

  /** Examples that the source itself keeps for scoring, ascending; none if it leaves that open. */
  default int[] reserved() {
    return new int[0];
  }

  /** The label of every example. */
  default int[] labels() {
    return IntStream.range(0, size()).map(this::label).toArray();
  }

  /** The labels of some examples. */
  default int[] labels(int[] positions) {
    return IntStream.of(positions).map(this::label).toArray();
  }

  /** The owners of some examples. */
  default List<@Nullable String> devices(int[] positions) {
    var out = new ArrayList<@Nullable String>(positions.length);
    for (int i : positions) {
      out.add(device(i));
    }
    return out;
  }

  /** How many of some examples each class has. */
  default int[] counts(int[] positions) {
    int[] out = new int[classes().size()];
    for (int i : positions) {
      out[label(i)]++;
    }
    return out;
  }
}
