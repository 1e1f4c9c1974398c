#include "forcestate.h"

static const float gap = 0.7f; /* least distance between components, in mean edge lengths */

void forcestate_list_work(struct force *s)
{
    uint32_t nodes = FORCESTATE_CHUNK;
    s->group_count = s->span_count = s->unit_count = 0;
    for (uint32_t p = 0; p < s->part_count; p++) {
        struct part *part = &s->parts[p];
        uint32_t first = s->adjacency.start[p], end = s->adjacency.start[p + 1];
        if (part->settled)
            continue;
        s->groups[s->group_count++] = (struct bhtree_group){first, end - first, part->law};
        part->first_span = s->span_count;
        for (uint32_t next; first < end; first = next) {
            next = end - first > FORCESTATE_CHUNK ? first + FORCESTATE_CHUNK : end;
            if (nodes + next - first > FORCESTATE_CHUNK) {
                s->units[s->unit_count++] = s->span_count;
                nodes = 0;
            }
            nodes += next - first;
            s->spans[s->span_count++] = (struct span){.part = p, .first = first, .end = next};
        }
    }
    s->units[s->unit_count] = s->span_count;
    s->work_changed = false;
}

/*
 * Scales a part around its centre, so that it neither grows nor shrinks by the repulsion that was
 * computed: its virial then equals that of the attraction, the sum of weight * length³.
 */
static void scale_part(struct force *s, const struct bhtree_group *group)
{
    const struct adjacency *a = &s->adjacency;
    uint32_t end = group->first + group->count;
    struct spot c = packing_centre(a, s->bodies, a->component[a->member[group->first]]);
    double attraction = 0, repulsion = 0, degree = group->law == BHTREE_SQUARE ? 4 : 3;
    for (uint32_t k = group->first; k < end; k++) {
        uint32_t i = a->member[k];
        const struct repulsion *r = &s->repulsion[i];
        const struct body *b = &s->bodies[i];
        repulsion += (double)(r->x * (b->x - c.x) + r->y * (b->y - c.y) + r->z * (b->z - c.z));
        for (uint32_t e = a->first[i]; e < a->first[i + 1]; e++) {
            struct vector v = vector_between(b, &s->bodies[a->other[e]]);
            double length = (double)vector_length(&v);
            attraction += (double)a->weight[e] * length * length * length / 2;
        }
    }
    if (!(attraction > 0 && repulsion > 0))
        return;
    float scale = (float)pow(repulsion / attraction, 1 / degree);
    for (uint32_t k = group->first; k < end; k++) {
        struct body *b = &s->bodies[a->member[k]];
        b->x = c.x + (b->x - c.x) * scale;
        b->y = c.y + (b->y - c.y) * scale;
        b->z = c.z + (b->z - c.z) * scale;
    }
}

int forcestate_scale(struct force *s, const struct bhtree_group *groups, uint32_t count)
{
    if (count && bhtree_repel(s->tree, s->bodies, groups, count, s->repulsion))
        return -1;
    for (uint32_t g = 0; g < count; g++)
        scale_part(s, &groups[g]);
    return 0;
}

int forcestate_pack(struct force *s, uint32_t kept)
{
    s->next_pack = 2 * s->steps > FORCESTATE_FIRST_PACK ? 2 * s->steps : FORCESTATE_FIRST_PACK;
    s->sliding = true;
    return packing_run(&s->adjacency, s->bodies, s->flat, gap * (float)s->state.edge, kept,
                       s->place);
}

void forcestate_find_edge(struct force *s)
{
    double length = 0, links = 0;
    for (uint32_t p = 0; p < s->part_count; p++) {
        length += s->parts[p].length;
        links += s->parts[p].links;
    }
    s->state.edge = links > 0 ? fmax(length / links, 1e-3) : 1;
}

void forcestate_shift(struct force *s, uint32_t component, const struct vector *by)
{
    const struct adjacency *a = &s->adjacency;
    for (uint32_t k = a->start[component]; k < a->start[component + 1]; k++) {
        struct body *body = &s->bodies[a->member[k]];
        body->x += by->x;
        body->y += by->y;
        body->z += by->z;
    }
}
