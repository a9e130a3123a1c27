/** What a run is made of and how it is carried out; the only package that sees all modules. */
@NullMarked
package dev.anabranch.app.run;

import org.jspecify.annotations.NullMarked;
