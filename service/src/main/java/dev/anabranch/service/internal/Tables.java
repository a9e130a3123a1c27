package dev.anabranch.service.internal;

import org.jdbi.v3.core.Handle;

/** All tables, within one transaction. Not thread-safe; no longer valid after the transaction. */
record Tables(Handle sql) {
  Runs runs() {
    return new Runs(sql);
  }

  Agents agents() {
    return new Agents(sql);
  }

  Enrolments enrolments() {
    return new Enrolments(sql);
  }

  Operators operators() {
    return new Operators(sql);
  }

  Audit audit() {
    return new Audit(sql);
  }
}
