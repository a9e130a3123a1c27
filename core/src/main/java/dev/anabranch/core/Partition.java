package dev.anabranch.core;

import java.util.List;

/**
 * Contiguous layer ranges and their holders. The first segment also has the embeddings, the last
 * one the pooling and the classifier; construction fails unless every layer is covered exactly
 * once.
 */
public record Partition(int layers, List<Segment> segments) {
  /**
   * Layers {@code [from, until)}; an empty range is allowed at either end, where embeddings or
   * classifier remain.
   */
  public record Segment(String name, int from, int until, NodeId.Role holder) {
    public int layers() {
      return until - from;
    }
  }

  public Partition {
    segments = List.copyOf(segments);
    int next = 0;
    for (var s : segments) {
      Check.that(
          s.from == next, "segment '" + s.name + "' starts at layer", s.from, String.valueOf(next));
      Check.that(
          s.until >= s.from && s.until <= layers,
          "segment '" + s.name + "' ends before layer",
          s.until,
          s.from + " to " + layers);
      next = s.until;
    }
    Check.that(next == layers, "segments end before layer", next, String.valueOf(layers));
  }

  /** The whole model in one place. */
  public static Partition whole(int layers, NodeId.Role holder) {
    return new Partition(layers, List.of(new Segment("whole", 0, layers, holder)));
  }

  /**
   * Head and tail on the device, body elsewhere: layers [0, cut1), [cut1, cut2), [cut2, layers).
   */
  public static Partition uShape(int layers, int cut1, int cut2) {
    Check.that(cut1 >= 0 && cut1 <= layers, "headLayers", cut1, "0 to " + layers);
    Check.that(
        cut2 > cut1 && cut2 <= layers, "tailLayers", layers - cut2, "0 to " + (layers - cut1 - 1));
    return new Partition(
        layers,
        List.of(
            new Segment("head", 0, cut1, NodeId.Role.DEVICE),
            new Segment("body", cut1, cut2, NodeId.Role.BODY),
            new Segment("tail", cut2, layers, NodeId.Role.DEVICE)));
  }

  public Segment segment(String name) {
    return segments.stream()
        .filter(s -> s.name.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "segment '" + name + "' (expected: one of " + segments + ")"));
  }

  public List<Segment> heldBy(NodeId.Role role) {
    return segments.stream().filter(s -> s.holder == role).toList();
  }
}
