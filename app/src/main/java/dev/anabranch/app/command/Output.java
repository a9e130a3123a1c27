package dev.anabranch.app.command;

import picocli.CommandLine.Option;

/** How results are printed. */
final class Output {
  @Option(names = "--json", description = "Print only JSON on standard output.")
  boolean json;
}
