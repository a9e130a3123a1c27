package dev.anabranch.fabrics.common;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages that a program has read on a link, to be freed when it has ended. Held weakly: a split
 * visit receives a thousand messages and needs each for a moment. Belongs to one program.
 */
public final class ReadMessages {
  private final List<WeakReference<Received<?>>> read = new ArrayList<>(2);

  /** Remembers a message, and gives its value. */
  public <T> T add(Received<T> message) {
    read.add(new WeakReference<>(message));
    return message.value();
  }

  /** Frees those that are still there. */
  public void free() {
    for (var reference : read) {
      var one = reference.get();
      if (one != null) {
        one.free();
      }
    }
    read.clear();
  }
}
