/** Breaks house rules on purpose, to see them reported. */
package dev.anabranch.methods.planted;
