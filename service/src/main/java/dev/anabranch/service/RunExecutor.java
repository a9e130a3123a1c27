package dev.anabranch.service;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Carries out runs. The service knows their states and their folders, and nothing of plans. */
public interface RunExecutor {
  /**
   * A plan that can be carried out.
   *
   * @param rounds how many there will be; 0: not known
   * @param devices how many the plan has
   * @param plan its text with every default filled in
   */
  record Checked(String name, String method, int rounds, int devices, String plan) {}

  /**
   * Someone who attends.
   *
   * @param profile what the agent said about itself
   */
  record Attending(String name, AgentRole role, Map<String, ?> profile) {}

  /**
   * Reads and checks a plan. Nobody is woken.
   *
   * @throws dev.anabranch.core.AnabranchException if it cannot be carried out with these agents
   */
  Checked check(String plan, List<Attending> agents);

  /**
   * Carries out a run, or goes on with one. Returns when it is complete.
   *
   * @throws dev.anabranch.core.AnabranchException of kind STOPPED if it was asked to stop, or if it
   *     failed
   */
  void carryOut(Task task) throws InterruptedException;

  /**
   * Ends what {@link #carryOut} does for a run, at once; {@link Task#stopping} says so already.
   *
   * @param why what agents and the run's log are told
   */
  void stop(String run, String why);

  /**
   * Puts what the last full round of a run has left where it can be fetched. Called when it has
   * ended before it was complete.
   */
  void keep(Task task);

  /** Writes one page about runs. */
  void report(List<Path> runs, Path page);

  /** A run to be carried out, and who wants to know of it. Any thread may call. */
  interface Task {
    String id();

    /** Where the record of the run is left; there when the run was begun before. */
    Path folder();

    /** The checked plan's text. */
    String plan();

    /** Why the run is to end before it is complete; null: it goes on. */
    @Nullable String stopping();

    /** A round is behind. */
    void roundDone(int round);

    /** Agents by node, as they were assigned; empty before they were. */
    Map<String, String> assigned();

    /** Nodes of the plan are these agents' from now on, also after a restart. */
    void assign(Map<String, String> nodes);

    /**
     * A visit changed.
     *
     * @param state {@code invited}, {@code working}, {@code waiting}, {@code broken}, {@code whole}
     *     or {@code lost}
     */
    void visit(
        int round,
        int device,
        int attempt,
        @Nullable String agent,
        String state,
        @Nullable String reason);
  }
}
