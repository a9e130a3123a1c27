/** A dress rehearsal on this machine: real processes, real lines, real faults. */
@NullMarked
package dev.anabranch.app.rehearse;

import org.jspecify.annotations.NullMarked;
