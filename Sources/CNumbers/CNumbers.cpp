#include "CNumbers.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>

double cnumbers_double(const char *start, const char *end) {
    double value = 0;
    const auto result = std::from_chars(start, end, value);
    if (result.ec == std::errc()) return value;
    // from_chars leaves the value unchanged if it is out of range; strtod(3) gives infinity or zero.
    return std::strtod(std::string(start, end).c_str(), nullptr);
}
