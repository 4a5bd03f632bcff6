#include "CNumbers.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>

double cnumbers_double(const char *start, const char *end) {
    double value = 0;
    const auto result = std::from_chars(start, end, value);
    if (result.ec == std::errc()) return value;
    // from_chars leaves the value as it was beyond the range; strtod(3) tells on which side.
    return std::strtod(std::string(start, end).c_str(), nullptr);
}
