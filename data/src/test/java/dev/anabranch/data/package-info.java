@NullMarked
package dev.anabranch.data;

import org.jspecify.annotations.NullMarked;
