// Exit codes of the process: those of sysexits.h where one fits.
#pragma once

namespace vhookd::exit_code {

inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 64;
inline constexpr int not_reachable = 69;  // no daemon answers
inline constexpr int state_not_usable = 74;
inline constexpr int configuration = 78;

}  // namespace vhookd::exit_code
