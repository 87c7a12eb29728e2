/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of memmgr_config.xml: one table with every element's place, type, unit, range, default, line
 * of help, and the field of struct mm_config it fills. Reader, builder, rules, XSD, man page and the printed
 * configuration go by it, so that they cannot disagree. Its rows stand in vocabulary_kill.h and its like, as
 * vocabulary_row.h says.
 *
 * The table is in document order: an element is followed by all that may stand inside it. Names that end in a
 * unit (chunkMB, stallUs) hold a plain whole number of that unit; a size without one in its name says its
 * unit with the value ("200M"). Waterlines and buffers, memoryMB among them, are MB where no unit is said, and
 * may be a share of the device's RAM ("10%"), which mm_config_build turns into bytes.
 */
#ifndef MM_CONFIG_VOCABULARY_H
#define MM_CONFIG_VOCABULARY_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MM_VOCABULARY_MAX       200 /* bounds arrays indexed by element; asserted against the table */
#define MM_VOCABULARY_ROOT_NAME "Memmgr"
/* Stands for the root element, as a parent, and for "no such element", as a result. */
#define MM_ELEMENT_NONE UINT32_MAX
/* How deep elements may nest: the vocabulary needs 4, profiles will need more. */
#define MM_CONFIG_DEPTH_MAX 16

enum mm_value_type {
    MM_TYPE_SECTION, /* holds other elements, once */
    MM_TYPE_ROW,     /* holds other elements, any number of times */
    MM_TYPE_UNSIGNED,
    MM_TYPE_SIGNED,
    MM_TYPE_SIZE_MB, /* a plain number of MB (1024 KiB each) */
    MM_TYPE_SIZE_KB,
    MM_TYPE_MEMORY, /* a waterline or a buffer: MB, or with its unit ("2G"), or a share of RAM ("10%") */
    MM_TYPE_SIZE,   /* with its unit: "200M"; or one of the words */
    MM_TYPE_PERCENT,
    MM_TYPE_MILLISECONDS,
    MM_TYPE_MICROSECONDS,
    MM_TYPE_OCTAL, /* a file mode */
    MM_TYPE_BOOL,
    MM_TYPE_WORD, /* one of the words */
    MM_TYPE_TEXT, /* may be empty */
    MM_TYPE_PATH, /* absolute, or empty */
    MM_TYPE_NAME, /* an entry of a list; empty entries are left out */
    MM_TYPE_PATTERN, /* a glob (common/glob.h), or behind MM_PATTERN_REGEX a Perl regular expression; may be empty */
    MM_TYPE_RANGE,    /* a number or two ends, kept as its text; may be empty */
    MM_TYPE_TEMPLATE, /* a text with %{word} for each of the words */
};

enum mm_element_flag {
    MM_ELEMENT_REPEATABLE = 1 << 0,    /* a value or section that may stand several times where it stands */
    MM_ELEMENT_REQUIRED = 1 << 1,      /* in each row it belongs to */
    MM_ELEMENT_UNUSED = 1 << 2,        /* a section that is checked; the engine does not use it yet */
    MM_ELEMENT_KEY = 1 << 3,           /* of a row: its value tells a row without an id from the others */
    MM_ELEMENT_ORDER = 1 << 4,         /* of a row, a number: rows stand in its ascending order */
    MM_ELEMENT_NO_PROFILE = 1 << 5,    /* may not stand inside a profile: it says what profiles ask for */
    MM_ELEMENT_EMPTY_IS_NONE = 1 << 6, /* rows: a section without any means none, not the built-in ones */
    MM_ELEMENT_RESTART = 1 << 7,       /* a reload leaves it as it is: it takes effect at a restart */
    MM_ELEMENT_LATER_FIRST =
        1 << 8, /* rows: those that a later layer adds come before those of earlier ones */
};

/* How a regular expression begins. */
#define MM_PATTERN_REGEX "regex:"

/* What the field is in C. */
enum mm_storage {
    MM_STORE_NONE,
    MM_STORE_BOOL,
    MM_STORE_INT,
    MM_STORE_UNSIGNED,
    MM_STORE_U64,
    MM_STORE_CHARACTERS, /* char[size] */
    MM_STORE_STRING,     /* char *, owned */
    MM_STORE_ROW,        /* a struct; its children's offsets count from its beginning */
};

enum mm_list_kind {
    MM_LIST_NONE,
    MM_LIST_INLINE, /* an array within the structure */
    MM_LIST_HEAP,   /* a pointer to an array */
};

/* Where a value goes: offsets count from struct mm_config, or from the row's struct for a value in a row. */
struct mm_target {
    enum mm_storage storage;
    enum mm_list_kind list;
    size_t offset;
    size_t size;         /* of the field; of one entry for a list */
    size_t count_offset; /* of a list's size_t */
};

struct mm_word {
    const char *word;
    int64_t value;
};

struct mm_element {
    const char *path; /* below the root, "killConfig/killLevel/memoryMB" */
    enum mm_value_type type;
    unsigned flags;
    const char *unit; /* "MB"; "" where there is none */
    /* Numbers: bounds in the unit of the text (MB for MM_TYPE_MEMORY, bytes for MM_TYPE_SIZE). Texts: max is
       the longest in bytes. Rows and repeatable values: max_count is how many there may be. */
    int64_t min, max;
    unsigned max_count;
    /* As it would stand in a file; for a row all rows, "500 400, 400 300", its values in the table's order, without
       those at the end that have a default of their own.
       NULL: nothing, or not a value. */
    const char *default_text;
    const struct mm_word *words; /* MM_TYPE_WORD, _SIZE and _TEMPLATE: ends with a NULL word */
    const char *alias_of;        /* another spelling of that path; everything else is there */
    struct mm_target target;
};

/* What people read of an element; apart, as the daemon has no use for it. */
struct mm_element_text {
    const char *help;     /* one line: what it does, then why the default is what it is */
    const char *upstream; /* what OpenHarmony makes of it; NULL: it does not know it */
    const char *example;  /* a valid text; NULL for sections and rows */
};

size_t mm_vocabulary_count(void);
/* element below mm_vocabulary_count(). */
const struct mm_element *mm_vocabulary_at(unsigned element);
const struct mm_element_text *mm_vocabulary_text(unsigned element);
/* The element of that path; MM_ELEMENT_NONE when there is none. */
unsigned mm_vocabulary_find(const char *path);
/* The child of that name; parent MM_ELEMENT_NONE is the root. An alias is returned as itself. */
unsigned mm_vocabulary_child(unsigned parent, const char *name);
/* The element that an alias stands for; any other element is itself. */
unsigned mm_vocabulary_resolve(unsigned element);
/* MM_ELEMENT_NONE: the root. */
unsigned mm_vocabulary_parent(unsigned element);
/* The first child in the table's order, and the next of the same parent; MM_ELEMENT_NONE at the end. */
unsigned mm_vocabulary_first_child(unsigned parent);
unsigned mm_vocabulary_next_sibling(unsigned element);
/* The last part of its path. */
const char *mm_vocabulary_name(unsigned element);
/* What somebody meant who wrote this name inside parent: the child whose name is near enough, else an element
   of that very name elsewhere. MM_ELEMENT_NONE when nothing is like it. */
unsigned mm_vocabulary_nearest(unsigned parent, const char *name);
/* FNV-1a of all paths: two programs with the same hash mean the same by an element's number. */
uint32_t mm_vocabulary_hash(void);

/* Besides the elements of the table, the root holds MM_PROFILE_NAME, which holds sections, and root and sections hold
   MM_REMOVE_NAME, which is empty. */
#define MM_PROFILE_NAME "ramProfile"
#define MM_REMOVE_NAME  "remove"

/* An attribute of one of these. */
struct mm_attribute {
    const char *name;
    enum mm_value_type type; /* MM_TYPE_NAME, or MM_TYPE_UNSIGNED from min to max */
    int64_t min, max;
    const char *unit; /* "MB"; "" where there is none */
    const char *help;
};

/* End with a NULL name. */
extern const struct mm_attribute mm_profile_attributes[];
extern const struct mm_attribute mm_remove_attributes[];

static inline bool mm_element_has_children(const struct mm_element *element)
{
    return element->type == MM_TYPE_SECTION || element->type == MM_TYPE_ROW;
}

#ifdef __cplusplus
}
#endif

#endif
