package dev.anabranch.core;

/** Why a command ended badly: one documented exit code each, see {@code docs/errors.md}. */
public enum Failure {
  USAGE(2),
  ENVIRONMENT(3),
  PLAN(10),
  DATA(11),
  MODEL(12),
  INFEASIBLE(13),
  UNSUPPORTED(14),
  QUORUM(20),
  DEADLOCK(21),
  PROGRAM(22),
  UNEQUAL(23),
  STOPPED(24),
  STORAGE(30),
  IN_USE(31),
  CORRUPT(32),
  NEWER(33),
  RESTORED(34),
  UNREACHABLE(40),
  REFUSED(41);

  private final int exitCode;

  Failure(int exitCode) {
    this.exitCode = exitCode;
  }

  /** The process's exit code. */
  public int exitCode() {
    return exitCode;
  }
}
