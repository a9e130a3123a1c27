/** Published methods: agents that talk to one another, without a coordinator between them. */
@NullMarked
package dev.anabranch.methods.gossip;

import org.jspecify.annotations.NullMarked;
