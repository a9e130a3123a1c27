package dev.anabranch.service;

import java.util.List;
import java.util.Map;

/** Who is enrolled and who attends. Any thread may call; no call blocks for long. */
public interface AgentDirectory {
  /** Those who attend now, by name. */
  List<RunExecutor.Attending> attending();

  /** What an agent said about itself when it last attended; empty if it never has. */
  Map<String, ?> profile(String name);

  /** An agent has sent something that the plan's method declares. */
  void sent(String name, String topic, long bytes);
}
