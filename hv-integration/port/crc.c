/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checksum of a log: CRC-32 with the polynomial of Ethernet, eight bytes at
 * a time.
 *
 * step[k][b] is what byte b does to the checksum once k more bytes have gone by.
 * It is linear: the exclusive or of what b's bits do, which are the constants.
 */
#include "record.h"

#define BIT(i, n, x)  (((i) >> (n) & 1) != 0 ? (x) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h) \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ \
	 BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h))
#define ENTRIES_4(i, ...) \
	ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__), \
	ENTRY((i) + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...) \
	ENTRIES_4(i, __VA_ARGS__), ENTRIES_4((i) + 4, __VA_ARGS__), \
	ENTRIES_4((i) + 8, __VA_ARGS__), ENTRIES_4((i) + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...) \
	ENTRIES_16(i, __VA_ARGS__), ENTRIES_16((i) + 16, __VA_ARGS__), \
	ENTRIES_16((i) + 32, __VA_ARGS__), ENTRIES_16((i) + 48, __VA_ARGS__)
#define TABLE(...) \
	{ ENTRIES_64(0u, __VA_ARGS__), ENTRIES_64(64u, __VA_ARGS__), \
	  ENTRIES_64(128u, __VA_ARGS__), ENTRIES_64(192u, __VA_ARGS__) }

static const uint32_t step[8][256] = {
	TABLE(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832,
	      0x1DB71064, 0x3B6E20C8, 0x76DC4190, 0xEDB88320),
	TABLE(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08,
	      0x4AC21251, 0x958424A2, 0xF0794F05, 0x3B83984B),
	TABLE(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8,
	      0x1C26A370, 0x384D46E0, 0x709A8DC0, 0xE1351B80),
	TABLE(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF,
	      0x5019579F, 0xA032AF3E, 0x9B14583D, 0xED59B63B),
	TABLE(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1,
	      0x60E09782, 0xC1C12F04, 0x58F35849, 0xB1E6B092),
	TABLE(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D,
	      0x03D6029B, 0x07AC0536, 0x0F580A6C, 0x1EB014D8),
	TABLE(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67,
	      0x67DE9CCE, 0xCFBD399C, 0x440B7579, 0x8816EAF2),
	TABLE(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5,
	      0x7CBB312B, 0xF9766256, 0x299DC2ED, 0x533B85DA)
};

uint32_t ration_record_crc(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint32_t crc = UINT32_MAX;

	for (; size >= 8; size -= 8, at += 8) {
		crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		       (uint32_t)at[3] << 24;
		crc = step[7][crc & 255] ^ step[6][crc >> 8 & 255] ^ step[5][crc >> 16 & 255] ^
		      step[4][crc >> 24] ^ step[3][at[4]] ^ step[2][at[5]] ^ step[1][at[6]] ^
		      step[0][at[7]];
	}
	for (; size != 0; size--)
		crc = crc >> 8 ^ step[0][(crc ^ *at++) & 255];
	return ~crc;
}
