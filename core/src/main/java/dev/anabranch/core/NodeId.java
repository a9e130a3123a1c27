package dev.anabranch.core;

import java.util.regex.Pattern;

/** A party of a run: its role, and its index among those of that role. */
public record NodeId(Role role, int index) implements Comparable<NodeId> {
  /** What a party does. */
  public enum Role {
    COORDINATOR,
    DEVICE,
    BODY
  }

  private static final Pattern FORM = Pattern.compile("(device|body) (0|[1-9][0-9]{0,8})");

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

  /**
   * The inverse of {@link #toString}.
   *
   * @throws IllegalArgumentException if it is no such text, or the index not below 10^9
   */
  public static NodeId parse(String text) {
    if (text.equals("coordinator")) {
      return COORDINATOR;
    }
    var form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException("node: " + text + " (expected: such as 'device 7')");
    }
    int index = Integer.parseInt(form.group(2));
    return form.group(1).equals("device") ? device(index) : body(index);
  }
}
