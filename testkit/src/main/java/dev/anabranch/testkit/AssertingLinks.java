package dev.anabranch.testkit;

import dev.anabranch.core.Link;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Topic;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Wraps links and fails a program that breaks their rules: an end is used by one thread only, and
 * what arrives is never the object that was sent. Thread-safe.
 */
public final class AssertingLinks implements UnaryOperator<Link> {
  private final Set<Object> sent = Collections.newSetFromMap(new IdentityHashMap<>());
  private int wrapped;

  @Override
  public synchronized Link apply(Link link) {
    wrapped++;
    return new AssertingLink(link);
  }

  /** How many ends were wrapped: a test that watched nothing proves nothing. */
  public synchronized int wrapped() {
    return wrapped;
  }

  private synchronized void sent(Object message) {
    // Small numbers are the same object wherever they come from.
    if (!(message instanceof Number)) {
      sent.add(message);
    }
  }

  private synchronized boolean wasSent(Object message) {
    return sent.contains(message);
  }

  /** One watched end. */
  private final class AssertingLink implements Link {
    private final Link link;
    private @Nullable Thread owner;

    AssertingLink(Link link) {
      this.link = link;
    }

    private void check() {
      var here = Thread.currentThread();
      if (owner == null) {
        owner = here;
      } else if (!owner.equals(here)) {
        throw new AssertionError(
            "link to " + peer() + ": used by " + here + " (expected: " + owner + " alone)");
      }
    }

    @Override
    public NodeId peer() {
      return link.peer();
    }

    @Override
    public <T> Sending post(Topic<T> topic, T message) {
      check();
      sent(message);
      return link.post(topic, message);
    }

    @Override
    public <T> T receive(Topic<T> topic) {
      check();
      T message = link.receive(topic);
      if (wasSent(message)) {
        throw new AssertionError(
            "'"
                + topic.name()
                + "' from "
                + peer()
                + ": the sender's object (expected: a decoded one)");
      }
      return message;
    }

    @Override
    public boolean more() {
      check();
      return link.more();
    }
  }
}
