/** The verbs of the command line. */
@NullMarked
package dev.anabranch.app.command;

import org.jspecify.annotations.NullMarked;
