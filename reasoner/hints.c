/* What people write who come from other rule languages, from logic or from programming; and near names. */
#include "reasoner/hints.h"

#include <string.h>

typedef struct Text {
    const char *bytes;
    size_t length;
} Text;

static bool is_word(Text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

static bool begins(Text text, const char *word)
{
    return text.length >= strlen(word) && memcmp(text.bytes, word, strlen(word)) == 0;
}

/* From the first byte of the token at hand to the end of the text. */
static Text text_ahead(const Parser *parser)
{
    return (Text){parser->bytes + parser->token.offset, parser->lexer.length - parser->token.offset};
}

/* The word that the last token taken ends with, a mark before it included. */
static Text word_behind(const Parser *parser)
{
    size_t from = parser->behind;
    while (from > 0 && (parser->bytes[from - 1] == '_' || (parser->bytes[from - 1] | 0x20) >= 'a') &&
           parser->bytes[from - 1] > 0)
        from--;
    from -= from > 0 && parser->bytes[from - 1] == '!';
    return (Text){parser->bytes + from, parser->behind - from};
}

static bool is_first_of_line(const Parser *parser)
{
    size_t at = parser->token.offset;
    while (at > 0 && (parser->bytes[at - 1] == ' ' || parser->bytes[at - 1] == '\t'))
        at--;
    return at > 0 && parser->bytes[at - 1] == '\n';
}

static bool may_begin(TokenKind kind)
{
    return reasoner_is_tag(kind) || kind == TOKEN_DIRECTIVE || kind == TOKEN_ATTRIBUTE;
}

bool reasoner_begins_anew(const Parser *parser)
{
    const size_t at = parser->token.offset;
    return may_begin(parser->token.kind) && parser->statement.count > 0 && at > 0 && parser->bytes[at - 1] == '\n';
}

const char *reasoner_habit(const Parser *parser)
{
    static const char arrow[] = "a rule is head :- body.", negation[] = "negation is written ~, as in ~p(?x)";
    const Text ahead = text_ahead(parser), behind = word_behind(parser);
    if (parser->token.kind == TOKEN_NAME) {
        const Text word = {ahead.bytes, parser->token.length};
        if (is_word(word, "and") || is_word(word, "AND"))
            return "atoms of a body are separated by `,`";
        if (is_word(word, "or") || is_word(word, "OR"))
            return "write one rule for each case";
        if (is_word(word, "not") || is_word(word, "NOT"))
            return negation;
    }
    if (is_word(behind, "not") || is_word(behind, "NOT") || (behind.length > 0 && behind.bytes[0] == '!'))
        return negation;
    if (begins(ahead, "<-") || begins(ahead, "->") || begins(ahead, "=>") || begins(ahead, "<="))
        return arrow;
    if (begins(ahead, ":") && !begins(ahead, ":-"))
        return "it is written :-";
    if (begins(ahead, ".") && ahead.length > 1 && ahead.bytes[1] >= '0' && ahead.bytes[1] <= '9')
        return "a number begins with a digit, as in 0.5";
    if (begins(ahead, "=") && parser->token.offset > 0 && parser->bytes[parser->token.offset - 1] == '=')
        return "equality is written =";
    if (begins(ahead, ">") && parser->token.offset > 0 && parser->bytes[parser->token.offset - 1] == '<')
        return "inequality is written !=";
    if (may_begin(parser->token.kind) && parser->statement.count > 0 && is_first_of_line(parser))
        return "is a `,` or the `.` missing on the line before?";
    return NULL;
}

const char *reasoner_character_hint(char character)
{
    switch (character) {
    case ';':
    case '|':
        return "for \"or\" write one rule for each case";
    case '&':
        return "atoms of a body are separated by `,`";
    case '\'':
    case '`':
        return "strings stand in double quotes";
    case '\\':
        return "negation is written ~, and strings have no escapes";
    case '^':
        return "a power is POW(?x, ?y)";
    default:
        return "names are ASCII letters, digits and _; write other names as <kg:...>";
    }
}

const char *reasoner_near_hint(const char *word, const char *const *items, size_t count, const char *usual,
                               char out[HINT_BYTES])
{
    const size_t mark = word[0] == '?' || word[0] == '$';
    const char *const near = strlen(word + mark) > 1 ? base_nearest(word, items, count) : NULL;
    if (!near || strcmp(near, word) == 0)
        return usual;
    snprintf(out, HINT_BYTES, "did you mean %.120s?", near);
    return out;
}
