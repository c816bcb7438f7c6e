/* Random UUIDs (version 4). */
#ifndef BERTH_UUID_H
#define BERTH_UUID_H

enum { UUID_SIZE = 37 };

/* Fills out with lower-case text. Blocks only while the kernel's pool isn't ready yet. */
void uuid_make(char out[UUID_SIZE]);

#endif
