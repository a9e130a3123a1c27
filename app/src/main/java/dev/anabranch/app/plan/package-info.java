/** Run plans: the keys, how a file is read, checked and written back, and their JSON Schema. */
@NullMarked
package dev.anabranch.app.plan;

import org.jspecify.annotations.NullMarked;
