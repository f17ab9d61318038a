// Recent runs at a glance: an inline SVG of one bar for each, the oldest first. Pure.
#pragma once

#include <span>
#include <string>

#include "core/run.h"

namespace vhookd {

// `runs`: newest first, as the store has them; the newest 30 are drawn. A run that found nothing is a dot, one that
// failed a bar of full height, the others as high as the logarithm of their records. Without runs: a dash.
std::string sparkline(std::span<const Run> runs);

}  // namespace vhookd
