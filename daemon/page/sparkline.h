// Draws recent polls as an inline SVG with one bar per poll, the oldest first. Pure.
#pragma once

#include <span>
#include <string>

#include "core/run.h"

namespace vhookd {

// `runs`: newest first, as in the store; the newest 30 are drawn. A run without records is a dot, a failed run a bar of
// full height, and the height of any other bar is the logarithm of the run's records. Without runs, returns "no runs
// yet".
std::string sparkline(std::span<const Run> runs);

}  // namespace vhookd
