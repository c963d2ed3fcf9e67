#include "kg/chars.h"

#include <stddef.h>

typedef struct Range {
    uint32_t low, high;
} Range;

/* PN_CHARS_BASE beyond ASCII */
static const Range letters[] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},   {0x37f, 0x1fff},  {0x200c, 0x200d},
    {0x2070, 0x218f}, {0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};

bool kg_is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (c >= letters[i].low && c <= letters[i].high)
            return true;
    return false;
}

bool kg_is_name_character(uint32_t c)
{
    return kg_is_letter(c) || c == '_' || c == '-' || kg_is_digit(c) || c == 0xb7 || (c >= 0x300 && c <= 0x36f) ||
           (c >= 0x203f && c <= 0x2040);
}

int kg_hex_value(int character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    const int letter = character | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}
