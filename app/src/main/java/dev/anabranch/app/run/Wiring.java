package dev.anabranch.app.run;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Shard;
import java.nio.file.Path;
import java.util.List;

/** Everything that a run is made of, from whatever modules there are. */
public interface Wiring {
  Catalog catalog();

  /** Reads, splits and tokenizes the examples of a plan. */
  Dataset dataset(RunPlan plan);

  /** Unlabelled lines as the plan's model reads them, all of class 0. */
  Shard lines(RunPlan plan, List<String> lines);

  /** Loads the model of a plan. */
  Engine engine(RunPlan plan, int classes);

  /** An engine with the shapes and costs of the plan's model, but without values. */
  Engine dryEngine(RunPlan plan, int classes);

  Fabric fabric(RunPlan plan);

  /** Opens the log of a run, at its end. */
  OpenLog log(Path file);

  /** The checkpoints of a run; saving one also says where its log stood. */
  Checkpoints checkpoints(Path folder, OpenLog log);

  /** Writes one page about runs. */
  void report(List<Path> runs, Path page);

  /** A run log that can be taken back to an earlier length. Closing twice is allowed. */
  interface OpenLog extends RunLog, AutoCloseable {
    /** Forgets everything: there was no checkpoint. */
    void clear();

    @Override
    void close();
  }
}
