/**
 * The one command, {@code nnjit}.
 *
 * <p>Read {@link org.nnjit.cli.Main} and {@link org.nnjit.cli.DemoCommand} first. A new subcommand is
 * one class and one line in {@code Main}.
 */
package org.nnjit.cli;
