// The server's and the client library's error numbers, as what the caller does next. Pure.
#pragma once

#include <string>

#include "core/error.h"

namespace vhookd::mysql {

// Numbers from 2000 to 2999 are the client library's, the rest the server's; 0 is a complaint of Connector/C++'s own.
Recourse recourse_of(int code);

// The server's own words, with the number, and for a timeout what it was.
Error error_of(int code, const std::string& words);

}  // namespace vhookd::mysql
