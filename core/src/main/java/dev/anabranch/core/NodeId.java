package dev.anabranch.core;

/** A party of a run: its role, and its index among those of that role. */
public record NodeId(Role role, int index) implements Comparable<NodeId> {
  /** What a party does. */
  public enum Role {
    COORDINATOR,
    DEVICE,
    BODY
  }

  public static final NodeId COORDINATOR = new NodeId(Role.COORDINATOR, 0);

  public static NodeId device(int index) {
    return new NodeId(Role.DEVICE, index);
  }

  public static NodeId body(int index) {
    return new NodeId(Role.BODY, index);
  }

  @Override
  public int compareTo(NodeId other) {
    int byRole = role.compareTo(other.role);
    return byRole != 0 ? byRole : Integer.compare(index, other.index);
  }

  @Override
  public String toString() {
    return role == Role.COORDINATOR
        ? "coordinator"
        : role.name().toLowerCase(java.util.Locale.ROOT) + " " + index;
  }

  /** The inverse of {@link #toString}. */
  public static NodeId parse(String text) {
    if (text.equals("coordinator")) {
      return COORDINATOR;
    }
    int space = text.indexOf(' ');
    try {
      int index = Integer.parseInt(text.substring(space + 1));
      switch (text.substring(0, Math.max(0, space))) {
        case "device":
          return device(index);
        case "body":
          return body(index);
        default:
          break;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("node: " + text + " (expected: such as 'device 7')", e);
    }
    throw new IllegalArgumentException("node: " + text + " (expected: such as 'device 7')");
  }
}
