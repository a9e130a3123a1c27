package dev.anabranch.service;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Who is enrolled and who attends. Any thread may call; no call blocks for long. */
public interface AgentDirectory {
  /**
   * Null, or why this agent is not let in. A refusal is written into the audit log.
   *
   * @param certificate what it showed; null on an unencrypted loopback connection
   */
  @Nullable String refuse(String name, @Nullable X509Certificate certificate);

  /**
   * An agent attends.
   *
   * @param profile what it says about itself: numbers, texts and lists of these
   */
  void attends(String name, Map<String, ?> profile);

  /** An agent no longer attends. */
  void gone(String name, String reason);

  /** An agent has sent something that the plan's method declares. */
  void sent(String name, String topic, long bytes);

  /** Those who attend now, by name. */
  List<RunExecutor.Attending> attending();

  /** Calls back with name and reason where an agent must be cut off, as when it is revoked. */
  void onExpelled(BiConsumer<String, String> listener);
}
