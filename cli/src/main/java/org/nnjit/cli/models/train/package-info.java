/**
 * Training of the normaliser, in plain Java on processors: {@code Pairs} makes what it learns from,
 * {@code Decoder} is the model with its gradients, {@code Trainer} turns them into weights, {@code
 * Letters} is its tokenizer, {@code TrainedFiles} what comes out.
 */
package org.nnjit.cli.models.train;
