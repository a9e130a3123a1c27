/** Contract kits, the toy engine and fault injectors for tests. */
@NullMarked
package dev.anabranch.testkit;

import org.jspecify.annotations.NullMarked;
