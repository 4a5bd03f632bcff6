#ifndef CNUMBERS_H
#define CNUMBERS_H

#ifdef __cplusplus
extern "C" {
#endif

/// The nearest double of a JSON number's text (std::from_chars): an infinity or zero beyond the range.
double cnumbers_double(const char *start, const char *end);

#ifdef __cplusplus
}
#endif

#endif
