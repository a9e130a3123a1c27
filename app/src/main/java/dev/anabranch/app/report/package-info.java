/** One self-contained page from the records of one or several runs. */
@NullMarked
package dev.anabranch.app.report;

import org.jspecify.annotations.NullMarked;
