package dev.anabranch.service;

import java.util.List;

/** Who is enrolled and who attends. Any thread may call; no call blocks for long. */
public interface AgentDirectory {
  /** Those who attend now, by name. */
  List<RunExecutor.Attending> attending();

  /** An agent has sent something that the plan's method declares. */
  void sent(String name, String topic, long bytes);
}
