#!/bin/sh
# From nothing to both models: tokenizer, data, training, export. Run again after a break, it goes on where it stopped.
#
#   ./make.sh                       180 minutes on one CPU core, 4.5 M parameters
#   SIZE=gpu ./make.sh              25 minutes on one GPU, 19 M parameters
#
# MINUTES of training, TOKENS of data, FOLDER for all that is made, PYTHON and COMPILE=1 (torch.compile) may be set, and
# BATCH_TOKENS for a smaller GPU.
set -eu
cd "$(dirname "$0")"
FOLDER=${FOLDER:-build}
PYTHON=${PYTHON:-venv/bin/python}
export OMP_WAIT_POLICY=PASSIVE # threads that wait must sleep: on a busy machine spinning makes a step five times slower

if [ ! -x "$PYTHON" ]; then
  python3 -m venv venv
  venv/bin/pip install --quiet -r requirements.txt
fi
case ${SIZE:-cpu} in
  cpu)
    MINUTES=${MINUTES:-180} TOKENS=${TOKENS:-40e6} WORKERS=2
    SHAPE="--layers 5"
    ;;
  gpu)
    MINUTES=${MINUTES:-25} TOKENS=${TOKENS:-4e8} WORKERS=$(nproc)
    SHAPE="--layers 6 --width 512 --heads 8 --kv-heads 4 --hidden 1408 --batch-tokens ${BATCH_TOKENS:-32768} --batches-per-step 2"
    ;;
  *) echo "SIZE must be cpu or gpu." >&2; exit 2 ;;
esac
RESUME=
if [ -f "$FOLDER/checkpoint.pt" ]; then RESUME=--resume; fi
if [ "${COMPILE:-0}" = 1 ]; then SHAPE="$SHAPE --compile"; fi
[ -f "$FOLDER/late.npz" ] || "$PYTHON" corpus.py --folder "$FOLDER" --tokens "$TOKENS" --workers "$WORKERS"
# shellcheck disable=SC2086 # the shape and the resume flag are lists of words
nice -n 10 "$PYTHON" train.py --folder "$FOLDER" --minutes "$MINUTES" $SHAPE $RESUME
"$PYTHON" export.py --folder "$FOLDER"
"$PYTHON" evaluation.py
cp "$FOLDER/turnpike-mini.gguf" ../turnpike-mini/turnpike-mini.gguf
"$PYTHON" -m encoder.train_encoder
echo "Now run: npm run eval:mini"
