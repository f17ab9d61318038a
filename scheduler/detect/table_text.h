// A table in the words of messages. Pure.
#pragma once

#include <string>

#include "core/table.h"

namespace vhookd {

std::string full_name(const Table& table);   // schema.name
std::string columns_of(const Table& table);  // the first 40, with commas between

}  // namespace vhookd
