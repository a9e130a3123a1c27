package dev.anabranch.app;

import dev.anabranch.app.command.Console;
import dev.anabranch.app.command.Root;
import dev.anabranch.app.run.InstalledWiring;

/** Entry point of the {@code anabranch} command. */
public final class Anabranch {
  private Anabranch() {}

  /** Ends the process with the exit code of the command. */
  public static void main(String[] args) {
    System.exit(Root.execute(Console.system(), InstalledWiring::new, args));
  }
}
