@NullMarked
package dev.anabranch.data.internal;

import org.jspecify.annotations.NullMarked;
